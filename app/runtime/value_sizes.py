"""Does a value of a request decide how large or how long a run is? Then no sample's cost says what others cost.

    decided_by_value(content)   inputs ─> what is computed from their values ─> an operator that makes a size of it

The shape of an input is no value of it: what follows from `Shape` and from constants is as the sample had it. What is
not known counts as decided: another domain, a loop, a file that cannot be read. It runs nothing.
"""

from collections.abc import Collection, Iterable

from app.runtime.graph_file import Node, Nodes, nodes_of

EVERY = tuple(range(64))
ROUNDS_MAX = 16  # over nodes that do not stand in their order, as they must

# Which inputs of an operator decide by their values how large its outputs are, or how often it turns.
SIZED_BY: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("ConstantOfShape", "HannWindow", "HammingWindow", "BlackmanWindow", "ImageDecoder"), (0,)),
    **dict.fromkeys(("NonZero", "Unique", "StringSplit", "If"), (0,)),
    **dict.fromkeys(("Expand", "Reshape", "Squeeze", "Unsqueeze", "Split", "TopK", "OneHot"), (1,)),
    **dict.fromkeys(("Compress", "CenterCropPad", "AffineGrid"), (1,)),
    "Tile": (1, 2),
    "Pad": (1, 3),
    "Upsample": (1,),
    "Resize": (1, 2, 3),
    "MaxUnpool": (2,),
    "Col2Im": (1, 2),
    "Slice": (1, 2, 3, 4),
    "DFT": (1, 2),
    "STFT": (1, 3),
    **dict.fromkeys(("RNN", "GRU", "LSTM"), (4,)),  # the lengths of sequences
    "Attention": (6,),  # of caches
    **dict.fromkeys(("Range", "MelWeightMatrix", "NonMaxSuppression"), EVERY),
    **dict.fromkeys(("SequenceAt", "SequenceConstruct", "SequenceErase", "SequenceInsert", "SequenceMap"), EVERY),
    **dict.fromkeys(("SplitToSequence", "ConcatFromSequence", "SequenceLength", "SequenceEmpty"), EVERY),
    **dict.fromkeys(("Optional", "OptionalGetElement", "OptionalHasElement"), EVERY),
}
AXES = 1  # of Reduce…, as an input since opset 13 and 18
LOOPS = ("Loop", "Scan")  # how often one turns, a value within it may decide
CHANCE = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial")
OF_SHAPES = ("Shape", "Size")  # their outputs are no values of what they take

KNOWN_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
MICROSOFT_DOMAIN = "com.microsoft"
# What ONNX Runtime adds of its own and its tools write: of these, sizes follow from sizes.
MICROSOFT = {
    *("BiasGelu", "FastGelu", "Gelu", "QuickGelu", "BiasSoftmax", "BiasDropout", "BiasSplitGelu", "GroupNorm"),
    *("FusedConv", "FusedGemm", "FusedMatMul", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulNBits"),
    *("QAttention", "QGemm", "QuantizeLinear", "DequantizeLinear", "NhwcMaxPool"),
    *("QLinearAdd", "QLinearMul", "QLinearConcat", "QLinearConv", "QLinearWhere", "QLinearReduceMean"),
    *("QLinearAveragePool", "QLinearGlobalAveragePool", "QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax"),
    *("SkipLayerNormalization", "SimplifiedLayerNormalization", "SkipSimplifiedLayerNormalization"),
    "EmbedLayerNormalization",
}


def decided_by_value(content: bytes | memoryview, bounded: Collection[str] = ()) -> str:
    """Return the operator whose size or time a value of an input decides; empty where there is none.

    Whoever calls bounds what the inputs in `bounded` may decide.
    """
    try:
        graph = nodes_of(content)
        if shadowed := graph.functions & {*KNOWN_DOMAINS, MICROSOFT_DOMAIN}:
            return f"a function of its own in the domain {min(shadowed)!r}"
        return _follow(graph, graph.inputs - graph.constants - set(bounded))
    except (ValueError, RecursionError) as error:  # no message, although ONNX Runtime takes it
        return f"a graph that cannot be read here ({error})"


def _follow(graph: Nodes, values: set[str]) -> str:
    """Add to `values` the names of what is computed from them, until there is no more."""
    for _ in range(ROUNDS_MAX):
        before = len(values)
        for node in graph.nodes:
            if said := _sizes(node, values):
                return said
            if node.operator not in OF_SHAPES and _computed(node, values):
                values.update(node.gives)
        if len(values) == before:
            return ""
    return "nodes without an order"


def _sizes(node: Node, values: set[str]) -> str:
    """Return the name of an operator that makes a size of one of `values`, here or in a graph within it."""
    sized_by = _sized_by(node)
    if node.operator in LOOPS or any(name in values for at, name in enumerate(node.takes) if at in sized_by):
        return node.operator
    return next((said for inner in node.graphs if (said := _follow(inner, values))), "")


def _sized_by(node: Node) -> Iterable[int]:
    if node.domain == MICROSOFT_DOMAIN and node.operator in MICROSOFT:
        return ()
    if node.domain not in KNOWN_DOMAINS:
        return EVERY
    return SIZED_BY.get(node.operator, (AXES,) if node.operator.startswith("Reduce") else ())


def _computed(node: Node, values: set[str]) -> bool:
    """Say whether what a node gives follows from `values` or chance; graphs within it may see any of them."""
    return bool(node.graphs) or node.operator in CHANCE or any(name in values for name in node.takes)
