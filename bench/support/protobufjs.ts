// The other way to open a model: read the whole file and decode it with protobufjs. Prints the number of nodes and the seconds it took.
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** The messages of onnx.proto3 that a plain model uses; protobufjs skips the rest. */
const schema = `syntax = "proto3"; package onnx;
message ModelProto { int64 ir_version = 1; repeated OperatorSetIdProto opset_import = 8; string producer_name = 2; GraphProto graph = 7; }
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message GraphProto { repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5; repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12; repeated ValueInfoProto value_info = 13; }
message ValueInfoProto { string name = 1; bytes type = 2; }
message NodeProto { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated AttributeProto attribute = 5; string domain = 7; }
message AttributeProto { string name = 1; float f = 2; int64 i = 3; bytes s = 4; TensorProto t = 5; GraphProto g = 6; repeated float floats = 7; repeated int64 ints = 8; int32 type = 20; }
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; repeated float float_data = 4; repeated int64 int64_data = 7; string name = 8; bytes raw_data = 9; }`;

const type = protobuf.parse(schema).root.lookupType('onnx.ModelProto');
const start = performance.now();
const decoded = type.decode(readFileSync(process.argv[2] ?? '')) as unknown as { graph: { node: unknown[] } };
console.log(JSON.stringify({ nodes: decoded.graph.node.length, seconds: (performance.now() - start) / 1000 }));
