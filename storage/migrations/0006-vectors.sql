-- The vector that an encoder made of a text, so that a restart need not make it again. text_hash: SHA-256 of the
-- text's UTF-8, in hexadecimal; numbers: float16, little-endian, one after another. A row belongs to nothing:
-- deleting one, or all, makes the encoder work again and loses nothing else.
CREATE TABLE vector (
    encoder TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    numbers BYTEA NOT NULL,
    PRIMARY KEY (encoder, text_hash)
);
