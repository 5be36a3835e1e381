"""Encoders that others have trained, from a local folder: bounded, without pickle.

    FOLDER ─ folder ─┬─ architecture   config.json        -> what kind of network, refused by name if it is another
                     ├─ safetensors    model.safetensors  -> arrays, each looked up and bounded
                     │    └ weight_names                     where each architecture keeps which
                     └─ tokens         tokenizer.json     -> ids of texts, and the words that are one token
    architecture + arrays ─ graph ─> ONNX: ids -> a vector a text
    words or texts + a session of it ─ read ─> a vector for each

It knows nothing about features, tasks or bundles.
"""

__all__ = ["folder", "graph", "read"]
