"""A real BERT encoder of a few kilobytes, in the files that a published model has; the weights are made up."""
import json
import os
import struct

HIDDEN, LAYERS, HEADS, INTERMEDIATE, POSITIONS = 32, 2, 1, 64, 48
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "a", "patient", "is", "well", "ill", "dose", "##s", "test", "."]


def _config():
    return {"architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "hidden_size": HIDDEN,
            "intermediate_size": INTERMEDIATE, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
            "max_position_embeddings": POSITIONS, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
            "vocab_size": len(WORDS), "pad_token_id": 0, "position_embedding_type": "absolute"}


def _tokenizer():
    def special(i):
        return {"id": i, "special": True, "content": WORDS[i], "single_word": False, "lstrip": False, "rstrip": False,
                "normalized": False}

    def piece(name):
        return {"SpecialToken": {"id": name, "type_id": 0}}

    def text(name, kind):
        return {"Sequence": {"id": name, "type_id": kind}}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [special(i) for i in range(4)],
            "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                           "strip_accents": None, "lowercase": True},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "TemplateProcessing",
                               "single": [piece("[CLS]"), text("A", 0), piece("[SEP]")],
                               "pair": [piece("[CLS]"), text("A", 0), piece("[SEP]"), text("B", 1), piece("[SEP]")],
                               "special_tokens": {w: {"id": w, "ids": [i], "tokens": [w]}
                                                  for w, i in (("[CLS]", 2), ("[SEP]", 3))}},
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 100, "vocab": {w: i for i, w in enumerate(WORDS)}}}


def _shapes():
    yield "embeddings.word_embeddings.weight", [len(WORDS), HIDDEN]
    yield "embeddings.position_embeddings.weight", [POSITIONS, HIDDEN]
    yield "embeddings.token_type_embeddings.weight", [2, HIDDEN]
    yield "embeddings.LayerNorm.weight", [HIDDEN]
    yield "embeddings.LayerNorm.bias", [HIDDEN]
    for i in range(LAYERS):
        at = f"encoder.layer.{i}."
        for name, rows, cols in (("attention.self.query", HIDDEN, HIDDEN), ("attention.self.key", HIDDEN, HIDDEN),
                                 ("attention.self.value", HIDDEN, HIDDEN), ("attention.output.dense", HIDDEN, HIDDEN),
                                 ("intermediate.dense", INTERMEDIATE, HIDDEN), ("output.dense", HIDDEN, INTERMEDIATE)):
            yield f"{at}{name}.weight", [rows, cols]
            yield f"{at}{name}.bias", [rows]
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            yield f"{at}{name}.weight", [HIDDEN]
            yield f"{at}{name}.bias", [HIDDEN]


def _weights():
    header, data, state = {}, bytearray(), 12345
    for name, shape in _shapes():
        begin, count = len(data), 1
        for n in shape:
            count *= n
        for _ in range(count):
            state = (state * 1103515245 + 12345) % 2**31
            data += struct.pack("<f", (state / 2**31 - 0.5) * 0.4 + (1.0 if name.endswith("Norm.weight") else 0.0))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(data)


def make(folder):
    """Writes the model's files into a new folder and returns it."""
    os.mkdir(folder)
    for name, content in (("config.json", json.dumps(_config()).encode()),
                          ("tokenizer.json", json.dumps(_tokenizer()).encode()), ("model.safetensors", _weights())):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)
    return folder
