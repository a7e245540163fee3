// Bad input 1–12: files that are no models, broken encodings, hostile names. Each gets its own words, never a stack trace.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatheError } from '../../src/base/errors';
import { openModel } from '../../src/formats/open';
import { readOnnxBytes, readOnnxModel } from '../../src/formats/onnx/read';
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import { showName } from '../../src/formats/onnx/utf8';
import { decodeProto } from '../support/onnxProto';
import { asyncRefusal, modelBytes, modelFile, refusal, temporaryFolder, tensorModel } from '../support/models';
import { writeOnnxModel } from '../../src/formats/onnx/write';

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

/** A length-delimited field. */
function message(field: number, content: readonly number[]): number[] {
  return [...varint(field * 8 + 2), ...varint(content.length), ...content];
}

const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];

describe('files that are no ONNX models', () => {
  const foreign: readonly [string, string | Uint8Array, string][] = [
    ['an empty file', '', 'This is an empty file, not an ONNX model.'],
    ['a web page', '<!DOCTYPE html><html>', 'This is a web page (HTML), not an ONNX model.'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n', 'This is a Git LFS pointer, not the file it points to, not an ONNX model.'],
    ['a renamed zip', Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0), 'This is a zip archive, not an ONNX model.'],
    ['a JSON document', '{"format":"graph-model"}', 'This is a JSON document, but not a TensorFlow.js model: it has no modelTopology.'],
    ['an ORT model', Uint8Array.of(0x1c, 0, 0, 0, ...ascii('ORTM')), 'This is an onnxruntime model (ORT format), not an ONNX model.'],
  ];
  it.each(foreign)('says that %s is one', (_, content, said) => {
    const path = modelFile(content);
    expect(refusal(() => openModel(path))).toMatchObject({ code: 'not-a-model', message: said, file: path });
  });

  it('says that a file of one byte is broken', () => {
    expect(refusal(() => openModel(modelFile(Uint8Array.of(0x08))))).toMatchObject({ code: 'malformed', message: 'The file is truncated inside a number (at byte 0).' });
  });

  it('says that a folder is one, and that a missing file is missing', () => {
    expect(refusal(() => openModel(temporaryFolder()))).toMatchObject({ code: 'not-a-model', message: 'This is a folder, not a model file.' });
    expect(refusal(() => openModel(`${temporaryFolder()}/none.onnx`))).toMatchObject({ code: 'not-found' });
  });

  it('says that a protobuf without a graph is no model', () => {
    expect(refusal(() => readOnnxBytes(Uint8Array.of(0x08, 8)))).toMatchObject({ code: 'not-a-model' });
  });
});

describe('broken encodings', () => {
  const whole = modelBytes(
    { initializer: [{ name: 'w', data_type: 7, dims: [3], int64_data: [1, -2, 3] }], value_info: [{ name: 'z', type: { tensor_type: { elem_type: 1, shape: { dim: [{ dim_param: 'n' }] } } } }] },
    { metadata_props: [{ key: 'k', value: 'v' }], functions: [{ name: 'f', domain: 'd', input: ['a'], output: ['b'], node: [{ op_type: 'Relu', input: ['a'], output: ['b'] }] }] },
  );

  it('is refused with a typed error wherever a file is cut, unless a whole field ends there', () => {
    let refused = 0;
    for (let length = 0; length < whole.length; length++) {
      try {
        readOnnxBytes(whole.subarray(0, length), 'cut.onnx');
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(LatheError);
        expect((thrown as LatheError).file).toBe('cut.onnx');
        refused++;
        continue;
      }
      // What is left is a well-formed message to protobufjs too.
      expect(() => decodeProto('ModelProto', whole.subarray(0, length))).not.toThrow();
    }
    expect(refused).toBeGreaterThan(whole.length * 0.9);
  });

  it('is refused or read, never anything else, whatever bytes are changed', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          readOnnxBytes(bytes);
        } catch (thrown) {
          if (!(thrown instanceof LatheError) || thrown.code === 'internal') throw thrown;
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses a number of more than ten bytes', () => {
    expect(refusal(() => readOnnxBytes(Uint8Array.of(0x08, ...new Array<number>(10).fill(0x80), 1)))).toMatchObject({ code: 'malformed', message: 'A number of more than 10 bytes (at byte 0).' });
  });

  it('refuses messages nested over 100 deep', () => {
    let type: number[] = message(1, [0x08, 1]);
    for (let i = 0; i < 120; i++) type = message(4, message(1, type));
    const bytes = Uint8Array.from([0x08, 8, ...message(7, message(11, message(2, type)))]);
    expect(refusal(() => readOnnxBytes(bytes))).toMatchObject({ code: 'malformed', message: expect.stringMatching(/^Messages are nested over 100 deep/) as string });
  });

  it('refuses groups, nested or not', () => {
    const bytes = Uint8Array.from([...modelBytes(), 0xfb, 0x07, 0xfb, 0x07, 0xfc, 0x07, 0xfc, 0x07]);
    expect(refusal(() => readOnnxBytes(bytes))).toMatchObject({ code: 'malformed', message: expect.stringMatching(/^A protobuf group, which ONNX does not have/) as string });
  });

  it('refuses over a million nodes of nothing by the memory they would take', () => {
    const nothing = new Uint8Array(2_400_000);
    for (let i = 0; i < nothing.length; i += 2) nothing[i] = 0x0a;
    const bytes = Uint8Array.from([0x08, 8, 0x3a, ...varint(nothing.length)]);
    const path = modelFile(Buffer.concat([bytes, nothing]));
    expect(refusal(() => openModel(path))).toMatchObject({ code: 'too-large', message: "The model's structure would take more than 512 MiB of memory." });
  });
});

describe('fields this reader does not know', () => {
  const unknown = [...message(99, ascii('future'))];

  it('are remarked upon, kept and written back', () => {
    const bytes = Uint8Array.from([...modelBytes(), ...unknown]);
    const model = readOnnxBytes(bytes);
    expect(model.warnings).toEqual([{ code: 'unknown-field', message: "Field 99 is not one of ONNX's; it is kept as it is.", item: 'model' }]);
    expect(Buffer.from(encodeOnnxModel(model)).includes(Buffer.from(unknown))).toBe(true);
  });

  it('are not remarked upon where ONNX has them: training and devices are kept', () => {
    const bytes = modelBytes({}, { training_info: [{ update_binding: [{ key: 'a', value: 'b' }] }], configuration: [{ name: 'tp', num_devices: 2 }] });
    const model = readOnnxBytes(bytes);
    expect(model.warnings).toEqual([]);
    expect(decodeProto('ModelProto', encodeOnnxModel(model))).toMatchObject({ configuration: [{ name: 'tp', num_devices: 2 }], training_info: [{ update_binding: [{ key: 'a', value: 'b' }] }] });
  });

  it('trailing zeros are remarked upon, and such a model is not rewritten', async () => {
    const path = modelFile(Buffer.concat([modelBytes(), new Uint8Array(16)]));
    const model = readOnnxModel(path);
    expect(model.warnings).toMatchObject([{ code: 'trailing-bytes' }]);
    expect(await asyncRefusal(() => writeOnnxModel(model, `${path}.copy`))).toMatchObject({ code: 'unsupported', message: 'Bytes follow the model in its file; a new file could not keep them.' });
    model.dispose();
  });
});

describe('hostile names', () => {
  it('that are not UTF-8 are shown escaped and written back byte for byte', () => {
    const name = [0x61, 0xff, 0xc3, 0x28, 0x62];
    const graph = message(7, [...message(1, [...message(2, name), ...message(4, ascii('Constant'))]), ...message(12, message(1, name))]);
    const model = readOnnxBytes(Uint8Array.from([0x08, 8, ...graph, ...message(8, [0x10, 17])]));
    expect(model.warnings).toMatchObject([{ code: 'odd-name', item: 'a\\xff\\xc3(b' }]);
    expect(Buffer.from(encodeOnnxModel(model)).includes(Buffer.from(name))).toBe(true);
  });

  it('with NUL, with text that runs backwards, or a million characters long are remarked upon', () => {
    const names = ['a\0b', 'safe\u202Egnp.exe', 'n'.repeat(1_000_000)];
    const model = readOnnxBytes(modelBytes({ node: names.map((name, i) => ({ op_type: 'Relu', name, input: ['x'], output: [`y${i === 0 ? '' : i}`] })) }));
    expect(model.warnings.map(({ code }) => code)).toEqual(['odd-name', 'odd-name', 'odd-name']);
    expect(model.warnings.map(({ item }) => item?.slice(0, 20))).toEqual(['a\\u{0}b', 'safe\\u{202e}gnp.exe', 'n'.repeat(20)]);
    expect(showName('n'.repeat(1_000_000)).length).toBeLessThan(300);
  });

  it('like __proto__ and constructor are names like any other', () => {
    const bytes = modelBytes({
      node: [{ op_type: 'Add', name: 'toString', input: ['__proto__', 'constructor'], output: ['y'], attribute: [{ name: '__proto__', type: 2, i: 3 }] }],
      input: [{ name: '__proto__' }],
      initializer: [{ name: 'constructor', data_type: 1, dims: [1], float_data: [2] }],
    });
    const model = openModel(modelFile(bytes));
    expect(model.warnings).toEqual([]);
    expect(model.graph.initializers.get('constructor')?.dims).toEqual([1]);
    expect(model.graph.nodes[0]?.attributes.get('__proto__')).toEqual({ type: 'int', value: 3 });
    model.dispose();
  });

  it('and documentation that are HTML stay text', () => {
    const html = '<img src=x onerror=alert(1)>';
    const model = readOnnxBytes(modelBytes({ doc_string: html, node: [{ op_type: 'Relu', name: html, input: ['x'], output: ['y'] }] }, { metadata_props: [{ key: html, value: html }] }));
    expect(model.graph.docString).toBe(html);
    expect(model.graph.nodes[0]?.name).toBe(html);
    expect(model.metadata).toEqual([[html, html]]);
  });
});

describe('the source', () => {
  it('is never written to by reading', () => {
    const bytes = tensorModel({ data_type: 1, dims: [2], float_data: [1, 2] });
    const path = modelFile(bytes);
    const model = openModel(path);
    model.graph.initializers.get('w')?.source.read();
    model.dispose();
    expect(Buffer.compare(Buffer.from(bytes), readFileSync(path))).toBe(0);
  });
});
