"""A BERT encoder as the ONNX graph that onnxruntime's own optimizer aims at: EmbedLayerNormalization, Attention,
SkipLayerNormalization and BiasGelu fused, weights straight from a safetensors file. Mean pooling and L2 as in the engine.
onnxruntime.transformers.optimizer makes the same operators (1, 6, 12 and 6 of them for MiniLM-L6) out of a torch export,
and takes the same time within the noise; this way no torch is needed."""
import json
import struct

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DTYPES = {"F32": np.float32, "F16": np.float16, "I64": np.int64}


def read_safetensors(path):
    with open(path, "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(size))
        data = f.read()
    out = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[begin:end], dtype=DTYPES[entry["dtype"]]).reshape(entry["shape"])
        out[name.removeprefix("bert.")] = values
    return out


class Graph:
    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], []

    def constant(self, name, values):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float32)
                                                      if values.dtype != np.int64 else values, name))
        return name

    def weight(self, name, transpose=False):
        values = self.weights[name]
        return self.constant(name, values.T if transpose else values)

    def node(self, op, inputs, output, domain="com.microsoft", outputs=None, **attributes):
        self.nodes.append(helper.make_node(op, inputs, outputs or [output], domain=domain, name=output, **attributes))
        return output

    def skip_norm(self, x, y, stem, output, eps, bias):
        return self.node("SkipLayerNormalization",
                         [x, y, self.weight(stem + ".weight"), self.weight(stem + ".bias"), self.weight(bias)],
                         output, epsilon=eps)

    def layer(self, x, i, heads, eps):
        p = f"encoder.layer.{i}."
        qkv = [self.weights[f"{p}attention.self.{n}.weight"].T for n in ("query", "key", "value")]
        bias = [self.weights[f"{p}attention.self.{n}.bias"] for n in ("query", "key", "value")]
        a = self.node("Attention", [x, self.constant(p + "qkv", np.concatenate(qkv, axis=1)),
                                    self.constant(p + "qkv_bias", np.concatenate(bias)), "mask_index"],
                      p + "attention", num_heads=heads)
        a = self.node("MatMul", [a, self.weight(p + "attention.output.dense.weight", True)], p + "out", domain="")
        x = self.skip_norm(a, x, p + "attention.output.LayerNorm", p + "norm1", eps, p + "attention.output.dense.bias")
        h = self.node("MatMul", [x, self.weight(p + "intermediate.dense.weight", True)], p + "up", domain="")
        h = self.node("BiasGelu", [h, self.weight(p + "intermediate.dense.bias")], p + "gelu")
        h = self.node("MatMul", [h, self.weight(p + "output.dense.weight", True)], p + "down", domain="")
        return self.skip_norm(h, x, p + "output.LayerNorm", p + "norm2", eps, p + "output.dense.bias")


def build(folder, out):
    config = json.load(open(folder + "/config.json"))
    g = Graph(read_safetensors(folder + "/model.safetensors"))
    eps = float(config["layer_norm_eps"])
    e = "embeddings."
    g.node("EmbedLayerNormalization",
           ["input_ids", "segment_ids", g.weight(e + "word_embeddings.weight"),
            g.weight(e + "position_embeddings.weight"), g.weight(e + "token_type_embeddings.weight"),
            g.weight(e + "LayerNorm.weight"), g.weight(e + "LayerNorm.bias"), "mask"],
           "embedded", outputs=["embedded", "mask_index"], epsilon=eps)
    x = "embedded"
    for i in range(config["num_hidden_layers"]):
        x = g.layer(x, i, config["num_attention_heads"], eps)
    g.node("ReduceMean", [x], "pooled", domain="", axes=[1], keepdims=0)
    g.node("LpNormalization", ["pooled"], "embedding", domain="", axis=-1, p=2)
    ints = [helper.make_tensor_value_info(n, TensorProto.INT32, ["batch", "tokens"])
            for n in ("input_ids", "segment_ids", "mask")]
    result = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", config["hidden_size"]])]
    graph = helper.make_graph(g.nodes, "bert", ints, result, g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("com.microsoft", 1)])
    model.ir_version = 8
    onnx.save(model, out)
