// A description of data: where they lie, what they are, how they become inputs, and how they are split. It stands in recipes and in files of its own.
import type { PictureOrder, PixelScale } from './measurement';

/** What data may be; `seeded` are random numbers where there are none. */
export const dataKinds = ['test-data-set', 'npy', 'images', 'idx', 'csv', 'json-lines', 'wav', 'text', 'seeded'] as const;

export type DataKind = (typeof dataKinds)[number];
export type StoredDataKind = Exclude<DataKind, 'seeded'>;

/** Ranges are measured on `calibration`, choices are made on `evaluation`, and `test` is looked at only when asked for. */
export const dataSplits = ['calibration', 'evaluation', 'test'] as const;

export type DataSplit = (typeof dataSplits)[number];

/** `stretch`: both sides as the input has them; `crop`: shorter side first, then the centre; `letterbox`: all of the picture, the rest filled. */
export const resizeModes = ['stretch', 'crop', 'letterbox'] as const;

export type ResizeMode = (typeof resizeModes)[number];

export interface PictureSpec {
  readonly order?: PictureOrder;
  readonly scale?: PixelScale;
  /** Per channel in the order fed, of values 0–1; instead of `scale`. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly resize?: ResizeMode;
  /** Height and width fed, for inputs that leave them open. */
  readonly size?: readonly [number, number];
  /** `crop`: the shorter side before the centre is cut out; by default the size / 0.875. */
  readonly shorterSide?: number;
  /** `letterbox`: what the rest is filled with, 0–255. */
  readonly fill?: number;
}

export interface TableSpec {
  /** Input name → the columns that make it up, in order. By default the one input takes every column that is no label. */
  readonly inputs?: Readonly<Record<string, readonly string[]>>;
  /** Column or field of the label; by default `label`, `class`, `target` or `y` where there is one. */
  readonly label?: string;
}

export interface AudioSpec {
  /** Samples per second that the model takes. */
  readonly rate?: number;
  /** Values per frame fed; by default the input's last dimension, else the whole recording. */
  readonly frame?: number;
  /** Values from one frame to the next; by default the frame. */
  readonly hop?: number;
}

export interface TextSpec {
  /** `tokenizer.json` or `vocab.txt`; by default one that lies beside the text or the model. */
  readonly tokenizer?: string;
  /** Ids per sample: longer texts are cut, shorter ones filled up; by default the input's last dimension, else as long as each text is, at most 512. */
  readonly length?: number;
}

export interface SplitSpec {
  /** Shares, 1 in all at most. */
  readonly calibration?: number;
  readonly evaluation?: number;
  readonly test?: number;
  readonly seed?: number;
}

export interface DataSpec {
  readonly path: string;
  /** Recognised by what lies there where absent. */
  readonly kind?: StoredDataKind;
  /** A file of labels: `.npy`, IDX, or lines of file name and label. */
  readonly labels?: string;
  /** Class names in the order of the model's classes. */
  readonly classes?: readonly string[];
  readonly pictures?: PictureSpec;
  readonly table?: TableSpec;
  readonly audio?: AudioSpec;
  readonly text?: TextSpec;
  readonly split?: SplitSpec;
  /** Share of samples that may be unreadable before the whole is refused. */
  readonly mostSkipped?: number;
}

/** What lies at a path, as far as it can be said without a model. */
export interface DataSummary {
  readonly kind: StoredDataKind;
  /** Samples, where they can be counted without a model. */
  readonly samples?: number;
  readonly classes?: number;
  /** What the labels are, where there are some. */
  readonly labels?: 'classes' | 'texts' | 'outputs' | 'boxes';
}
