"""Sound2Scene: spectrogram, audio encoder, unit embedding, class-free BigGAN generator."""
