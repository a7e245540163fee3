// Rewrites the layers of a model to kernels that read their weights in few bits.
import { attributes, makeNode } from '../../graph/construct';
import type { Model, Node } from '../../graph/model';
import { MemorySource, tensorFromArray, type Tensor } from '../../tensor/tensor';
import { constantOf, dropUnreadInitializers } from '../quantize/constants';
import { FreshNames } from '../quantize/names';
import { emptyGrid, type FittedGrid, fitRows, type GridSettings } from '../rounding/grid';
import { forEachRows, type RowLayout, rowLayout } from '../rounding/rows';
import { ChannelSource, channelType, packIntegers } from './channels';
import { bitsOf, gridSettings, type WeightOnlyOptions, type Width } from './options';
import { bytesPerRow, PackedSource, packRows } from './packed';
import type { RoundedWeight } from './rounded';
import type { Site } from './sites';

/** A weight in rows of blocks: packed codes [rows, …], scales [rows, blocks], zero points where they are not all the middle. */
interface BlockedWeight {
  readonly layout: RowLayout;
  readonly grid: FittedGrid;
  readonly codes: string;
  readonly scales: string;
  readonly zeroPoints: string;
}

const kernelDomain = 'com.microsoft';

export class WeightOnlyWriter {
  private readonly names: FreshNames;
  private readonly replaced = new Map<Node, readonly Node[]>();
  /** DequantizeLinear nodes in front of the first reader of what they make. */
  private readonly before = new Map<Node, Node[]>();
  private readonly weights = new Map<string, BlockedWeight | undefined>();
  private readonly widened = new Map<string, string | undefined>();

  constructor(
    private readonly model: Model,
    private readonly options: WeightOnlyOptions,
    private readonly rounded: ReadonlyMap<Site, RoundedWeight>,
  ) {
    this.names = new FreshNames(model.graph);
  }

  /** Undefined when replaced, else the reason it was not. */
  replace(site: Site): string | undefined {
    switch (site.kind) {
      case 'product':
        return this.product(site);
      case 'embedding':
        return this.embedding(site);
      case 'stored':
        return this.stored(site);
      default:
        return site.kind satisfies never;
    }
  }

  finish(): void {
    const { graph, opsetImports } = this.model;
    graph.nodes = graph.nodes.flatMap((node) => [...(this.before.get(node) ?? []), ...(this.replaced.get(node) ?? [node])]);
    if (this.replaced.size > 0 && !opsetImports.has(kernelDomain)) opsetImports.set(kernelDomain, 1);
    dropUnreadInitializers(graph);
  }

  /** com.microsoft.MatMulNBits: B [N, ⌈K / block⌉, block · bits / 8], each block padded to its full size. */
  private product(site: Site): string | undefined {
    const { node } = site;
    const bits = bitsOf(this.options, site.key);
    const { blockSize, accuracyLevel } = this.options;
    const stored = this.store(site, (grid) => ({ width: grid.blocks * blockSize, dims: (layout) => [layout.rows, grid.blocks, (blockSize * bits) / 8], flat: true }));
    if (stored === undefined) return notFinite;
    const { rows: n, size: k } = stored.layout;
    const [input = '', , bias = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const fused = node.opType === 'Gemm' && this.isVector(bias, n);
    const inputs = [input, stored.codes, stored.scales, ...(stored.zeroPoints === '' && !fused ? [] : [stored.zeroPoints]), ...(fused ? ['', bias] : [])];
    const plain = bias === '' || fused ? output : this.names.fresh(`${output}_product`);
    const values = { K: k, N: n, bits, block_size: blockSize, accuracy_level: accuracyLevel };
    const kernel = makeNode({ opType: 'MatMulNBits', domain: kernelDomain, name: this.nameOf(site, 'MatMulNBits'), inputs, outputs: [plain], attributes: attributes(values), origin: node.origin });
    const sum = makeNode({ opType: 'Add', name: this.nameOf(site, 'Add'), inputs: [plain, bias], outputs: [output], origin: node.origin });
    this.replaced.set(node, plain === output ? [kernel] : [kernel, sum]);
    return undefined;
  }

  /** com.microsoft.GatherBlockQuantized: a table [V, D · bits / 8] of bytes, blocks along its rows. */
  private embedding(site: Site): string | undefined {
    const { node } = site;
    const bits = bitsOf(this.options, site.key);
    const { size } = rowLayout(site.weight.tensor, 0);
    if (size % (8 / bits) !== 0) return `a row of ${size} weights of ${bits} bits is no whole number of bytes`;
    const stored = this.store(site, () => ({ width: size, dims: (layout) => [layout.rows, (size * bits) / 8], flat: false }));
    if (stored === undefined) return notFinite;
    const [, indices = ''] = node.inputs;
    const inputs = [stored.codes, indices, stored.scales, ...(stored.zeroPoints === '' ? [] : [stored.zeroPoints])];
    const values = { bits, block_size: this.options.blockSize, gather_axis: 0, quantize_axis: 1 };
    this.replaced.set(node, [makeNode({ opType: 'GatherBlockQuantized', domain: kernelDomain, name: this.nameOf(site, 'GatherBlockQuantized'), inputs, outputs: [...node.outputs], attributes: attributes(values), origin: node.origin })]);
    return undefined;
  }

  /** ai.onnx.DequantizeLinear in front of the node, one scale per channel. */
  private stored(site: Site): string | undefined {
    const { node, weight } = site;
    const bits = bitsOf(this.options, site.key);
    const key = JSON.stringify([weight.tensor.name, weight.axis, bits]);
    if (!this.widened.has(key)) this.widened.set(key, this.storeByChannel(site, bits));
    const widened = this.widened.get(key);
    if (widened === undefined) return notFinite;
    node.inputs[weight.input] = widened;
    return undefined;
  }

  private storeByChannel(site: Site, bits: Width): string | undefined {
    const { tensor, axis } = site.weight;
    const layout = rowLayout(tensor, axis);
    const grid = this.gridOf(site, layout);
    if (grid === undefined) return undefined;
    const { symmetric } = this.options;
    const elementType = channelType(bits, symmetric);
    const [codes, scales, widened] = [this.names.fresh(`${tensor.name}_${elementType}`), this.names.fresh(`${tensor.name}_scale`), this.names.fresh(`${tensor.name}_widened`)];
    const rounded = this.rounded.get(site)?.codes;
    this.add({ name: codes, elementType, dims: tensor.dims, source: new ChannelSource(tensor, layout, grid, { bits, symmetric }, rounded) });
    this.add(tensorFromArray(scales, 'float32', [layout.rows], grid.scales));
    const inputs = [codes, scales];
    if (!symmetric) {
      const zeroPoints = this.names.fresh(`${tensor.name}_zero_point`);
      this.add({ name: zeroPoints, elementType, dims: [layout.rows], source: new MemorySource(packIntegers(grid.zeroPoints, bits)) });
      inputs.push(zeroPoints);
    }
    const node = makeNode({ opType: 'DequantizeLinear', name: this.nameOf(site, 'DequantizeLinear'), inputs, outputs: [widened], attributes: attributes({ axis }), origin: site.node.origin });
    this.before.set(site.node, [...(this.before.get(site.node) ?? []), node]);
    return widened;
  }

  /** Undefined where the weight holds NaN or infinite values. */
  private gridOf(site: Site, layout: RowLayout): FittedGrid | undefined {
    return this.rounded.get(site)?.grid ?? fitGrid(site.weight.tensor, layout, gridSettings(this.options, site.kind, bitsOf(this.options, site.key)));
  }

  private isVector(name: string, length: number): boolean {
    const bias = constantOf(this.model, name);
    return bias?.elementType === 'float32' && bias.dims.length === 1 && bias.dims[0] === length;
  }

  private nameOf({ node }: Site, opType: string): string {
    return this.names.fresh(`${node.name || (node.outputs[0] ?? '')}_${opType}`);
  }

  /** Undefined where the weight holds NaN or infinite values. Layers share what they would store alike. */
  private store(site: Site, shape: (grid: FittedGrid) => { readonly width: number; readonly dims: (layout: RowLayout) => number[]; readonly flat: boolean }): BlockedWeight | undefined {
    const { tensor, axis } = site.weight;
    const bits = bitsOf(this.options, site.key);
    const key = JSON.stringify([site.kind, tensor.name, axis, bits]);
    if (this.weights.has(key)) return this.weights.get(key);
    const layout = rowLayout(tensor, axis);
    const grid = this.gridOf(site, layout);
    const stored = grid === undefined ? undefined : this.write(site, layout, grid, shape(grid));
    this.weights.set(key, stored);
    return stored;
  }

  private write(site: Site, layout: RowLayout, grid: FittedGrid, { width, dims, flat }: { readonly width: number; readonly dims: (layout: RowLayout) => number[]; readonly flat: boolean }): BlockedWeight {
    const { tensor } = site.weight;
    const bits = bitsOf(this.options, site.key);
    const row = { bits, width };
    const [codes, scales] = [this.names.fresh(`${tensor.name}_int${bits}`), this.names.fresh(`${tensor.name}_scale`)];
    const chosen = this.rounded.get(site)?.codes;
    this.add(
      chosen === undefined
        ? { name: codes, elementType: 'uint8', dims: dims(layout), source: new PackedSource(tensor, layout, grid, row) }
        : tensorFromArray(codes, 'uint8', dims(layout), packRows(chosen, layout.size, row)),
    );
    // MatMulNBits took its scales as one list before it took them by row, and still does.
    this.add(tensorFromArray(scales, 'float32', flat ? [layout.rows * grid.blocks] : [layout.rows, grid.blocks], grid.scales));
    return { layout, grid, codes, scales, zeroPoints: this.options.symmetric ? '' : this.storeZeroPoints(tensor, layout, grid, flat, bits) };
  }

  /** Packed like the weight, each row's padded to whole bytes. */
  private storeZeroPoints(tensor: Tensor, { rows }: RowLayout, { zeroPoints, blocks }: FittedGrid, flat: boolean, bits: Width): string {
    const name = this.names.fresh(`${tensor.name}_zero_point`);
    const row = { bits, width: Math.ceil((blocks * bits) / 8) * (8 / bits) };
    const bytes = bytesPerRow(row);
    this.add(tensorFromArray(name, 'uint8', flat ? [rows * bytes] : [rows, bytes], packRows(zeroPoints, blocks, row)));
    return name;
  }

  private add(tensor: Tensor): void {
    this.model.graph.initializers.set(tensor.name, tensor);
  }
}

const notFinite = 'its weights hold NaN or infinite values';

/** One pass over the weight; undefined where an element is not finite. */
function fitGrid(tensor: Tensor, layout: RowLayout, settings: GridSettings): FittedGrid | undefined {
  const grid = emptyGrid(layout, settings);
  let unfit = 0;
  forEachRows(tensor, layout, (values, first) => {
    if (!fitRows(values, first, layout.size, grid, settings)) unfit++;
  });
  return unfit === 0 ? grid : undefined;
}
