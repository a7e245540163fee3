// The small models this project makes itself: file name, what each shows, and how it is built.
import type { Model } from '../src/graph/model';
import { bertTiny, buildBert } from './architectures/bert';
import { buildFlawed } from './architectures/flawed';
import { buildLeNet } from './architectures/lenet';
import { buildManyNodes } from './architectures/many';
import { buildMobileNetV2 } from './architectures/mobilenetv2';

export interface Sample {
  readonly file: string;
  readonly shows: string;
  readonly build: () => Model;
}

export const samples: readonly Sample[] = [
  { file: 'digits.onnx', shows: 'a small digit classifier with a dynamic batch', build: () => buildLeNet() },
  { file: 'flawed.onnx', shows: 'one of each fault that findings look for', build: () => buildFlawed() },
  { file: 'mobilenetv2.onnx', shows: 'depthwise convolutions and unfolded BatchNormalization', build: () => buildMobileNetV2() },
  { file: 'bert-tiny.onnx', shows: 'a transformer with dynamic batch and sequence', build: () => buildBert(bertTiny) },
  { file: 'many-nodes.onnx', shows: '20,000 nodes in nested scopes', build: () => buildManyNodes(20_000) },
];
