// The picture as data: every card that can be seen and every edge between them, in world units (pixels at 100 %).

/** What a card stands for. */
export const cardKind = { frame: 0, group: 1, layer: 2, input: 3, output: 4 } as const;
export type CardKind = (typeof cardKind)[keyof typeof cardKind];

/** How an edge meets a frame: not at all, from its top to a card inside, or from a card inside to its bottom. */
export const edgeKind = { between: 0, entry: 1, exit: 2 } as const;

/** Frames (expanded groups) come first, parents before children: the order is the painting order. */
export interface Scene {
  readonly count: number;
  readonly frames: number;
  /** Left, top, width, height of each card. */
  readonly boxes: Float32Array;
  readonly kind: Uint8Array;
  /** Layer, group, model input or output number, as the kind says. */
  readonly reference: Uint32Array;
  readonly depth: Uint8Array;
  /** Card number of each layer's own card, or of the collapsed group that holds it. */
  readonly cardOfLayer: Uint32Array;
  /** Card number of each group's frame or card; −1 where an outer group is collapsed. */
  readonly cardOfGroup: Int32Array;
  /** Pairs of card numbers. */
  readonly edges: Int32Array;
  readonly edgeKinds: Uint8Array;
  /** Corners of all routes, x and y in turn; route `i` is `corners[start[i]] … corners[start[i + 1] - 1]`. */
  readonly corners: Float32Array;
  readonly cornerStart: Uint32Array;
  readonly width: number;
  readonly height: number;
}

/** What of a model the layout needs; small enough to send to a worker once. */
export interface LayoutModel {
  readonly layerCount: number;
  readonly layerGroup: Uint32Array;
  readonly groupParent: Int32Array;
  /** As in a snapshot: producer and consumer layers, model inputs as −1−i producers, outputs as −1−i consumers. */
  readonly edges: Int32Array;
  readonly inputs: number;
  readonly outputs: number;
}

/** Card sizes. A group's card is higher: it has a share bar. */
export const cardSize = {
  layer: { width: 208, height: 36 },
  group: { width: 232, height: 48 },
  port: { width: 208, height: 26 },
} as const;

/** Room inside a frame: its title above, and a margin around. */
export const framePadding = { top: 30, side: 14, bottom: 14 } as const;

/** The buffers of a scene, to be handed over instead of copied. */
export function sceneBuffers(scene: Scene): ArrayBufferLike[] {
  return [scene.boxes, scene.kind, scene.reference, scene.depth, scene.cardOfLayer, scene.cardOfGroup, scene.edges, scene.edgeKinds, scene.corners, scene.cornerStart].map(({ buffer }) => buffer);
}
