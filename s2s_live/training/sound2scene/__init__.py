"""Sound2Scene as published: an audio encoder learnt from pictures and the sounds they were seen with."""
