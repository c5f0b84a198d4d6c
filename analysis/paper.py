"""Numbers of "Language Modeling Is Compression" (arXiv 2309.10668, v2).

TABLE1: raw rates in per cent as printed.  FIGURE2: adjusted rates in per cent
of its twelve models, read off the vector drawing; parameters are those of
its architecture, which fit the drawing to 2e-5; the three columns are the
curves of enwik7, enwik8 and enwik9.  TABLE2: raw rates in per cent as
printed; its bytes row agrees with the training data (enwik8), not with
enwik9 as the caption says.
"""

import pandas as pd

TABLE1 = pd.DataFrame(
    [("whole", "gzip", 32.3, 70.7, 36.4, 100.0),
     ("whole", "LZMA2", 23.0, 57.9, 29.9, 100.0),
     ("whole", "PNG", 42.9, 58.5, 32.2, 100.0),
     ("whole", "FLAC", 89.5, 61.9, 30.9, 107.8),
     ("2048", "gzip", 48.1, 68.6, 38.5, 100.1),
     ("2048", "LZMA2", 50.0, 62.4, 38.2, 100.0),
     ("2048", "PNG", 80.6, 61.7, 37.6, 103.2),
     ("2048", "FLAC", 88.9, 60.9, 30.3, 107.2),
     ("2048", "Transformer 200K", 30.9, 194.0, 146.6, 195.5),
     ("2048", "Transformer 800K", 21.7, 185.1, 131.1, 200.1),
     ("2048", "Transformer 3.2M", 17.0, 215.8, 228.2, 224.0),
     ("2048", "Llama 2 (7B)", 8.9, 53.4, 23.1, 103.2),
     ("2048", "Chinchilla 1B", 11.3, 62.2, 24.9, 108.8),
     ("2048", "Chinchilla 7B", 10.2, 54.7, 23.6, 101.6),
     ("2048", "Chinchilla 70B", 8.3, 48.0, 21.0, 100.8)],
    columns=["chunk", "compressor", "enwik9", "ImageNet", "LibriSpeech",
             "random"])

FIGURE2 = pd.DataFrame(
    [(231936, 27.51, 23.34, 30.95), (331392, 28.38, 22.41, 24.07),
     (430848, 29.24, 21.49, 23.09), (856832, 34.89, 19.46, 21.87),
     (1252352, 41.80, 19.25, 18.75), (1647872, 49.21, 19.55, 17.63),
     (3286272, 80.97, 21.82, 17.66), (4863744, 111.5, 23.98, 17.77),
     (6441216, 142.5, 26.51, 18.69), (9596160, 204.7, 31.94, 22.12),
     (25465088, 517.8, 59.43, 30.49), (38066432, 767.9, 82.76, 38.51)],
    columns=["parameters", 1e7, 1e8, 1e9])

TABLE2 = pd.DataFrame(
    [(256, 22.9, 13.6, 6.4), (1000, 25.4, 14.8, 6.9), (2000, 25.6, 15.7, 7.4),
     (5000, 23.1, 17.1, 8.7), (10000, 21.3, 17.0, 8.9),
     (20000, 19.3, 16.4, 9.0)],
    columns=["vocabulary", "200K", "6.4M", "38M"])
