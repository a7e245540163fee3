// Attributes, types and words of signals. Facts: ONNX's operator schemas, of com.microsoft those of onnxruntime 1.30; how a row reads: ../signature.ts.
import type { SignatureRow } from '../signature';

export const signalSignatures: readonly SignatureRow[] = [
  { op: 'DFT', versions: '17 20', says: 'Discrete Fourier transform along an axis, forward or inverse.', attributes: 'axis:int=1@17..20 inverse:int=0 onesided:int=0', types: ['T1 T2 > T1; T1=floats|bfloat16; T2=int32|int64', '@20 T1 T2 int64 > T1; T1=floats|bfloat16; T2=int32|int64'] },
  { op: 'STFT', versions: '17', says: 'Fourier transforms of windows that slide over a signal.', attributes: 'onesided:int=1', types: ['T1 T2 T1 T2 > T1; T1=floats|bfloat16; T2=int32|int64'] },
  { op: 'MelWeightMatrix', versions: '17', says: 'The matrix that turns a spectrum into mel bands.', attributes: 'output_datatype:dtype=1', types: ['T1 T1 T1 T2 T2 > T3; T1=int32|int64; T2=floats|bfloat16; T3=floats|ints|uints|bfloat16'] },
  { op: 'BlackmanWindow', versions: '17', says: 'A Blackman window of a given length.', attributes: 'output_datatype:dtype=1 periodic:int=1', types: ['T1 > T2; T1=int32|int64; T2=floats|ints|uints|bfloat16'] },
  { op: 'HannWindow', versions: '17', says: 'A Hann window of a given length.', attributes: 'output_datatype:dtype=1 periodic:int=1', types: ['T1 > T2; T1=int32|int64; T2=floats|ints|uints|bfloat16'] },
  { op: 'HammingWindow', versions: '17', says: 'A Hamming window of a given length.', attributes: 'output_datatype:dtype=1 periodic:int=1', types: ['T1 > T2; T1=int32|int64; T2=floats|ints|uints|bfloat16'] },
];
