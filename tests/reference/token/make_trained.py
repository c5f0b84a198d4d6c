#!/usr/bin/env python3
"""make_trained.py - what other trainers and tokenizers make of text.txt.

Writes trained.json: the byte-level BPE of 400 tokens that Hugging Face's
tokenizers learns from it.
"""
import os

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

os.chdir(os.path.dirname(os.path.abspath(__file__)))
text = open("text.txt", newline="").read()

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
tokenizer.train_from_iterator(
    [text],
    trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    ),
)
tokenizer.save("trained.json", pretty=False)
