// A FLUX.1-dev folder that holds only config files: what a plan is made from.

#pragma once

#include "tests/cli/run_program.h"

namespace lorarun::cli {

class FluxDevConfigs : public Folder {
 public:
  FluxDevConfigs() {
    write("model_index.json", R"({"_class_name":"FluxPipeline"})");
    write("transformer/config.json",
          R"({"_class_name":"FluxTransformer2DModel","attention_head_dim":128,
              "guidance_embeds":true,"in_channels":64,"joint_attention_dim":4096,
              "num_attention_heads":24,"num_layers":19,"num_single_layers":38,"patch_size":1,
              "pooled_projection_dim":768})");
    write("vae/config.json",
          R"({"_class_name":"AutoencoderKL","block_out_channels":[128,256,512,512],
              "latent_channels":16,"layers_per_block":2,"norm_num_groups":32,
              "scaling_factor":0.3611,"shift_factor":0.1159,"use_quant_conv":false,
              "use_post_quant_conv":false})");
    write("text_encoder/config.json",
          R"({"architectures":["CLIPTextModel"],"hidden_act":"quick_gelu","hidden_size":768,
              "intermediate_size":3072,"max_position_embeddings":77,"num_attention_heads":12,
              "num_hidden_layers":12,"vocab_size":49408,"eos_token_id":2})");
    write("text_encoder_2/config.json",
          R"({"architectures":["T5EncoderModel"],"d_ff":10240,"d_kv":64,"d_model":4096,
              "feed_forward_proj":"gated-gelu","num_heads":64,"num_layers":24,
              "vocab_size":32128})");
  }
};

}  // namespace lorarun::cli
