"""expected.json for trained models: log2 p of each next token by transformers.

usage: make_expected.py MODEL_DIR > MODEL_DIR/expected.json
"""
import json
import sys

import torch
import transformers

TEXT = b"The tide had gone out further than anyone in the village could remember. Boats lay on\n"


def main():
    tokens = [0] + list(TEXT)
    model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float64)
    with torch.no_grad():
        logits = model(torch.tensor([tokens[:-1]])).logits[0].double()
    log2p = torch.log_softmax(logits, -1)[torch.arange(len(TEXT)), tokens[1:]] / torch.log(torch.tensor(2.0).double())
    json.dump(
        {
            "class": type(model).__name__,
            "made_with": {"torch": torch.__version__, "transformers": transformers.__version__},
            "tokens": tokens,
            "log2p": [round(x, 10) for x in log2p.tolist()],
        },
        sys.stdout,
    )
    print()


if __name__ == "__main__":
    main()
