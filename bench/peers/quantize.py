# Quantizes a model with onnxruntime's own Python tools, for comparison. Never needed by the product or its tests.
# Usage: quantize.py dynamic|static SOURCE TARGET [FOLDER]; FOLDER holds calibration samples 0000/INPUT.bin with shapes in samples.json.
import json
import os
import sys

import numpy
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


class Samples(CalibrationDataReader):
    def __init__(self, folder):
        with open(os.path.join(folder, "samples.json")) as file:
            self.samples = iter(json.load(file))
        self.folder = folder

    def get_next(self):
        sample = next(self.samples, None)
        if sample is None:
            return None
        return {name: numpy.fromfile(os.path.join(self.folder, file), dtype=numpy.float32).reshape(shape) for name, file, shape in sample}


def main(mode, source, target, folder=None):
    prepared = target + ".prepared.onnx"
    try:
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
    except Exception as error:  # models it cannot prepare are quantized as they are, as its users would
        print(f"not prepared: {error}", file=sys.stderr)
        onnx.save(onnx.load(source), prepared)
    if mode == "dynamic":
        quantize_dynamic(prepared, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    else:
        quantize_static(prepared, target, Samples(folder), quant_format=QuantFormat.QDQ, per_channel=True, reduce_range=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    os.remove(prepared)


main(*sys.argv[1:])
