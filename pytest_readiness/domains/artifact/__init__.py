"""Reports that other tools have written, and records of what people have done."""
