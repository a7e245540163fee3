// Scale and zero point of an activation, by the type its integers have.

export type ActivationType = 'uint8' | 'int8' | 'uint16';

/** Value ≈ scale × (integer − zeroPoint). */
export interface ActivationParameters {
  readonly scale: number;
  readonly zeroPoint: number;
}

interface Integers {
  readonly largest: number;
  /** Symmetric around zero: what TensorRT, and kernels that take weights on this side, ask for. */
  readonly symmetric: boolean;
}

const integers: Readonly<Record<ActivationType, Integers>> = {
  uint8: { largest: 255, symmetric: false },
  int8: { largest: 127, symmetric: true },
  uint16: { largest: 65_535, symmetric: false },
};

/**
 * Parameters for a range. It is widened to hold 0, which must be exact because padding is zero
 * (Jacob et al. 2018, section 3; QuantizeLinear in the ONNX specification).
 */
export function activationParameters(low: number, high: number, type: ActivationType = 'uint8'): ActivationParameters {
  const { largest, symmetric } = integers[type];
  const bottom = Math.min(0, low);
  const top = Math.max(0, high);
  const scale = Math.fround((symmetric ? Math.max(top, -bottom) : top - bottom) / largest);
  if (!(scale > 0)) return { scale: 1, zeroPoint: 0 };
  return { scale, zeroPoint: symmetric ? 0 : Math.min(largest, Math.max(0, Math.round(-bottom / scale))) };
}
