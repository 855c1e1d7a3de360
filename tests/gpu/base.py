"""A FLUX.1 without files: the config.json of every component at the true size, or small, and a seed for weights.

FLUX.1-dev's own numbers, so that what `lorarun plan` counts and what a step holds are those of the model people have.
The transformer's weights are keyed random numbers (random.json, runtime/nn/weights.h), made on the device.
"""
import atexit
import json
import pathlib
import shutil
import tempfile


def transformer(doubles, singles, heads, head_dim, axes, text_dim, pooled_dim):
    return {"_class_name": "FluxTransformer2DModel", "patch_size": 1, "in_channels": 64, "num_layers": doubles,
            "num_single_layers": singles, "attention_head_dim": head_dim, "num_attention_heads": heads,
            "joint_attention_dim": text_dim, "pooled_projection_dim": pooled_dim, "guidance_embeds": True, "axes_dims_rope": axes}


def vae(channels, layers):
    return {"_class_name": "AutoencoderKL", "in_channels": 3, "out_channels": 3, "latent_channels": 16, "layers_per_block": layers,
            "block_out_channels": channels, "norm_num_groups": min(32, channels[0]), "act_fn": "silu", "sample_size": 1024,
            "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4, "mid_block_add_attention": True,
            "scaling_factor": 0.3611, "shift_factor": 0.1159, "use_quant_conv": False, "use_post_quant_conv": False}


def clip(width, layers, heads):
    return {"architectures": ["CLIPTextModel"], "hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers,
            "num_attention_heads": heads, "projection_dim": width, "vocab_size": 49408, "max_position_embeddings": 77,
            "hidden_act": "quick_gelu", "bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 1, "layer_norm_eps": 1e-5}


def t5(width, layers, heads, head_dim, inner):
    return {"architectures": ["T5EncoderModel"], "d_model": width, "d_kv": head_dim, "d_ff": inner, "num_layers": layers, "num_heads": heads,
            "vocab_size": 32128, "feed_forward_proj": "gated-gelu", "relative_attention_num_buckets": 32,
            "relative_attention_max_distance": 128, "layer_norm_epsilon": 1e-6, "is_encoder_decoder": False}


TRUE_SIZE = {"transformer": transformer(19, 38, 24, 128, [16, 56, 56], 4096, 768), "vae": vae([128, 256, 512, 512], 2),
             "text_encoder": clip(768, 12, 12), "text_encoder_2": t5(4096, 24, 64, 64, 10240)}
SMALL = {"transformer": transformer(2, 4, 4, 64, [16, 24, 24], 64, 48), "vae": vae([8, 16, 16, 16], 1),
         "text_encoder": clip(48, 2, 4), "text_encoder_2": t5(64, 2, 4, 16, 128)}


def write(parts, text_tokens):
    """Gives a folder in diffusers layout that holds only these configs and the transformer's seed; gone at exit."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lorarun_gpu_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    files = {f"{name}/config.json": config for name, config in parts.items()}
    files["transformer/random.json"] = {"seed": 0}
    files["tokenizer_2/tokenizer_config.json"] = {"model_max_length": text_tokens}
    files["model_index.json"] = {"_class_name": "FluxPipeline"}
    for name, value in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(value))
    return folder
