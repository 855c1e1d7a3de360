"""Make a small FLUX.1 pipeline folder in diffusers layout: the real architecture with random weights.

    python make_flux.py OUT [--size micro|tiny|mid] [--seed 0] [--dtype float32|bfloat16] [--only transformer,vae]

    micro  width 20, 2 double + 2 single blocks, own vocabularies: under 500 kB, the folder of the goldens
    tiny   width 256, 2 double + 4 single blocks: about 40 MB, for overhead-bound timing
    mid    width 1024, otherwise as tiny: for timing bound by matrix products

micro trains its CLIP merges and its SentencePiece model on sentences.txt and needs nothing else.
tiny and mid take the CLIP vocabulary of the open_clip_torch package.
"""
import argparse
import collections
import gzip
import importlib.util
import io
import json
import pathlib
import tempfile
import unicodedata

import torch

HERE = pathlib.Path(__file__).resolve().parent
START, END = "<|startoftext|>", "<|endoftext|>"
SIZES = {
    "micro": dict(
        transformer=dict(num_single_layers=2, num_attention_heads=2, attention_head_dim=10, axes_dims_rope=[2, 4, 4],
                         joint_attention_dim=16, pooled_projection_dim=12),
        vae=dict(block_out_channels=[4, 8, 8, 8], norm_num_groups=2),
        clip=dict(hidden_size=12, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, projection_dim=12),
        t5=dict(d_model=16, d_kv=6, d_ff=24, num_layers=2, num_heads=3),
        clip_merges=300, t5_pieces=320),
    "tiny": dict(
        transformer=dict(num_single_layers=4, num_attention_heads=4, attention_head_dim=64, axes_dims_rope=[16, 24, 24],
                         joint_attention_dim=64, pooled_projection_dim=48),
        vae=dict(block_out_channels=[16, 32, 32, 32], norm_num_groups=8),
        clip=dict(hidden_size=48, intermediate_size=192, num_hidden_layers=3, num_attention_heads=4, projection_dim=48),
        t5=dict(d_model=64, d_kv=16, d_ff=160, num_layers=3, num_heads=4),
        clip_merges=None, t5_pieces=480),
}
SIZES["mid"] = {**SIZES["tiny"], "transformer": {**SIZES["tiny"]["transformer"], "num_attention_heads": 16}}


def livelier(module, seed, scale=0.105):
    """Shakes biases and norms, which start at 0 and 1, so that a swapped or forgotten one shows."""
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for _, parameter in sorted(module.named_parameters()):
            if parameter.dim() == 1:
                parameter.add_(torch.randn(parameter.shape, generator=generator) * scale)
    return module


def write_transformer(out, size, seed, dtype):
    from diffusers import FluxTransformer2DModel
    torch.manual_seed(seed)
    model = FluxTransformer2DModel(num_layers=2, guidance_embeds=True, **size["transformer"])
    livelier(model, seed).to(dtype).save_pretrained(out / "transformer")


def write_vae(out, size, seed, dtype):
    from diffusers import AutoencoderKL
    torch.manual_seed(seed + 2)
    model = AutoencoderKL(down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
                          layers_per_block=1, latent_channels=16, scaling_factor=0.3611, shift_factor=0.1159,
                          use_quant_conv=False, use_post_quant_conv=False, **size["vae"])
    livelier(model, seed).to(dtype).save_pretrained(out / "vae")


def write_text_encoders(out, size, seed, dtype):
    from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel
    clip_vocab = 49408 if size["clip_merges"] is None else 512 + size["clip_merges"] + 2
    torch.manual_seed(seed + 3)
    clip = CLIPTextModel(CLIPTextConfig(vocab_size=clip_vocab, max_position_embeddings=77, hidden_act="quick_gelu",
                                        bos_token_id=clip_vocab - 2, eos_token_id=clip_vocab - 1, **size["clip"]))
    livelier(clip, seed).to(dtype).save_pretrained(out / "text_encoder")
    t5 = T5EncoderModel(T5Config(vocab_size=size["t5_pieces"] + 32, feed_forward_proj="gated-gelu",
                                 is_encoder_decoder=False, **size["t5"]))
    livelier(t5, seed).to(dtype).save_pretrained(out / "text_encoder_2")


def byte_alphabet():
    """Gives the 256 characters that stand for bytes in byte-level BPE, printable bytes first."""
    printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    other = [b for b in range(256) if b not in printable]
    return {**{b: chr(b) for b in printable}, **{b: chr(256 + i) for i, b in enumerate(other)}}


def train_merges(text, count):
    """Gives `count` BPE merges, most frequent pair first, ties in code-point order."""
    import regex
    split = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    letters = byte_alphabet()
    found = collections.Counter(split.findall(unicodedata.normalize("NFC", text).lower()))
    spelled = {word: [letters[b] for b in word.encode()] for word in found}
    for symbols in spelled.values():
        symbols[-1] += "</w>"
    merges = []
    while len(merges) < count:
        pairs = collections.Counter()
        for word, symbols in spelled.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += found[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(" ".join(best))
        spelled = {word: apply_merge(symbols, best) for word, symbols in spelled.items()}
    return merges


def apply_merge(symbols, pair):
    merged, i = [], 0
    while i < len(symbols):
        joins = tuple(symbols[i:i + 2]) == pair
        merged.append("".join(pair) if joins else symbols[i])
        i += 2 if joins else 1
    return merged


def open_clip_merges():
    """Gives the merges of CLIP ViT-L/14 from the open_clip_torch package."""
    root = pathlib.Path(importlib.util.find_spec("open_clip").submodule_search_locations[0])
    lines = gzip.open(root / "bpe_simple_vocab_16e6.txt.gz").read().decode().split("\n")
    return lines[1:49152 - 256 - 2 + 1]


def write_clip_tokenizer(out, size):
    count = size["clip_merges"]
    merges = open_clip_merges() if count is None else train_merges((HERE / "sentences.txt").read_text(), count)
    alphabet = list(byte_alphabet().values())
    vocab = alphabet + [c + "</w>" for c in alphabet] + ["".join(m.split()) for m in merges] + [START, END]
    special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    folder = out / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(vocab)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, **special})
    write_json(folder / "special_tokens_map.json", special)


def small_normalization_rules():
    """Gives NFKC rules for a few ranges: a charsmap as real T5's has, in a few kB instead of 240."""
    compatible = [*range(0xA0, 0x100), *range(0x2000, 0x2030), *range(0x2070, 0x20A0), *range(0x2150, 0x2160),
                  *range(0x2460, 0x2474), 0x3000, *range(0xFB00, 0xFB07), *range(0xFF01, 0xFF5F)]
    rules = {}
    for code in compatible:
        plain = unicodedata.normalize("NFKC", chr(code))
        if plain != chr(code):
            rules[chr(code)] = plain
    for code in range(0xC0, 0x180):
        parts = unicodedata.normalize("NFD", chr(code))
        if len(parts) == 2:
            rules[parts] = chr(code)
    white = [0x09, 0x0A, 0x0C, 0x0D, 0x85, 0x1680, *range(0x200B, 0x2010), 0x2028, 0x2029, 0x205F, 0x2581, 0xFEFF, 0xFFFD]
    rules.update({chr(code): " " for code in white})
    rules.update({chr(code): "" for code in [*range(1, 9), 0x0B, *range(0x0E, 0x20), 0x7F, 0x8F, 0x9F]})
    spell = lambda text: " ".join(f"{ord(c):X}" for c in text)
    return "".join(f"{spell(source)}\t{spell(target)}\n" for source, target in sorted(rules.items()))


def train_pieces(sentences, count, rules):
    """Gives a unigram SentencePiece model with T5's special ids (pad 0, eos 1, unk 2), without any path in it."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2
    with tempfile.TemporaryDirectory() as scratch:
        table = pathlib.Path(scratch, "rules.tsv")
        table.write_text(rules)
        written = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences), model_writer=written, vocab_size=count, model_type="unigram",
            character_coverage=0.98, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, hard_vocab_limit=False, minloglevel=2,
            num_threads=1, **({"normalization_rule_tsv": str(table)} if rules else {}))
    model = sentencepiece_model_pb2.ModelProto.FromString(written.getvalue())
    model.normalizer_spec.ClearField("normalization_rule_tsv")
    return model.SerializeToString(deterministic=True)


def write_t5_tokenizer(out, size):
    sentences = (HERE / "sentences.txt").read_text().splitlines()
    rules = small_normalization_rules() if size["clip_merges"] else ""
    folder = out / "tokenizer_2"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(train_pieces(sentences * 20, size["t5_pieces"], rules))
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "T5Tokenizer", "model_max_length": 512, "eos_token": "</s>", "pad_token": "<pad>",
        "unk_token": "<unk>", "extra_ids": 0})


def write_index(out):
    scheduler = {"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0,
                 "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15,
                 "base_image_seq_len": 256, "max_image_seq_len": 4096}
    index = {"_class_name": "FluxPipeline", "_diffusers_version": "0.42.1",
             "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
             "text_encoder": ["transformers", "CLIPTextModel"], "text_encoder_2": ["transformers", "T5EncoderModel"],
             "tokenizer": ["transformers", "CLIPTokenizer"], "tokenizer_2": ["transformers", "T5Tokenizer"],
             "transformer": ["diffusers", "FluxTransformer2DModel"], "vae": ["diffusers", "AutoencoderKL"]}
    (out / "scheduler").mkdir(parents=True, exist_ok=True)
    write_json(out / "scheduler/scheduler_config.json", scheduler)
    write_json(out / "model_index.json", index)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n")


def write_parts(out, size_name, seed=0, dtype=torch.float32, only=()):
    """Writes the folder `out`; `only` names the parts to write, all when empty."""
    size = SIZES[size_name]
    parts = {
        "transformer": lambda: write_transformer(out, size, seed, dtype),
        "vae": lambda: write_vae(out, size, seed, dtype),
        "texts": lambda: write_text_encoders(out, size, seed, dtype),
        "tokenizers": lambda: (write_clip_tokenizer(out, size), write_t5_tokenizer(out, size)),
        "index": lambda: write_index(out),
    }
    for name in only or parts:
        parts[name]()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, help="folder to write")
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--only", default="", help="comma-separated: transformer,vae,texts,tokenizers,index")
    args = parser.parse_args()
    only = [name for name in args.only.split(",") if name]
    write_parts(args.out, args.size, args.seed, getattr(torch, args.dtype), only)


if __name__ == "__main__":
    main()
