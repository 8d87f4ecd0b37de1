-- $1 claims_rebuild text. How many lanes have rebuilt their claims in this life of the database (C3).
SELECT count(*) FROM lane WHERE claims_rebuild = $1;
