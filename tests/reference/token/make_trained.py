#!/usr/bin/env python3
"""make_trained.py - what other trainers and tokenizers make of text.txt.

trained.json   the byte-level BPE of 400 tokens that Hugging Face's tokenizers
               learns from it
bpe.model, unigram.model
               what SentencePiece learns; both have byte tokens
llama.json, unigram.json
               the same as tokenizer.json, in the forms that Llama 2 and XLM-R
               are published in
ids.json       tokens of some texts in each of the last four, from SentencePiece
               and tokenizers
"""
import json
import os

import sentencepiece
from tokenizers import Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, trainers

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

texts = [line for line in text.split("\n") if line] + [
    "  two  spaces   and more    ",
    "<0x0A> <s> </s> <unk> <hr>",
    "\n\ttabs\r\n and lines\n\n",
    "q\u0416\u4e16\U0001f600\u00df unknown\u2603\u2603 characters",
    "aaaaaaaaaaaaaaaaaaaaaaaa thethethe ",
    "the",
]


def pieces_of(name):
    sentencepiece.SentencePieceTrainer.train(
        input="text.txt",
        model_prefix="/tmp/" + name,
        model_type=name,
        vocab_size=420,
        byte_fallback=True,
        character_coverage=0.98,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        user_defined_symbols=["<hr>", "\u2581\u2581\u2581"],
        num_threads=1,
        minloglevel=2,
    )
    with open("/tmp/" + name + ".model", "rb") as model:
        data = model.read()
    with open(name + ".model", "wb") as model:
        model.write(data)
    p = sentencepiece.SentencePieceProcessor(model_proto=data)
    pieces = [(p.id_to_piece(i), p.get_score(i)) for i in range(len(p))]
    return p, pieces


def save(tokenizer, special, user, name):
    tokenizer.add_special_tokens(special)
    tokenizer.add_tokens(user)
    tokenizer.save(name, pretty=False)
    # Special tokens in a text are text to codelen.
    return [None if "<s>" in t else tokenizer.encode(t).ids for t in texts]


ids = {"texts": texts}
bpe, pieces = pieces_of("bpe")
ids["bpe.model"] = [bpe.encode(t) for t in texts]
unigram, scored = pieces_of("unigram")
ids["unigram.model"] = [unigram.encode(t) for t in texts]

# Llama 2: merges by falling score of what they make.
vocab = {piece: i for i, (piece, _) in enumerate(pieces)}
merges = []
for piece, score in pieces:
    if bpe.is_byte(vocab[piece]) or bpe.is_control(vocab[piece]):
        continue
    for n in range(1, len(piece)):
        left, right = piece[:n], piece[n:]
        if left in vocab and right in vocab:
            merges.append((-score, vocab[left], vocab[right], left, right))
merges.sort()
tokenizer = Tokenizer(
    models.BPE(
        vocab,
        [(m[3], m[4]) for m in merges],
        unk_token="<unk>",
        fuse_unk=True,
        byte_fallback=True,
    )
)
tokenizer.normalizer = normalizers.Sequence(
    [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
)
tokenizer.decoder = decoders.Sequence(
    [decoders.Replace("\u2581", " "), decoders.ByteFallback()]
)
ids["llama.json"] = save(tokenizer, ["<unk>", "<s>", "</s>"], ["<hr>"], "llama.json")

tokenizer = Tokenizer(models.Unigram(scored, 0, True))
tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(
    prepend_scheme="always", split=False
)
tokenizer.decoder = decoders.Metaspace()
ids["unigram.json"] = save(
    tokenizer, ["<unk>", "<s>", "</s>"], ["<hr>"], "unigram.json"
)

with open("ids.json", "w") as out:
    lists = [
        json.dumps(name)
        + ": [\n"
        + ",\n".join(json.dumps(item) for item in items)
        + "\n]"
        for name, items in ids.items()
    ]
    out.write("{\n" + ",\n".join(lists) + "\n}\n")
