"""What follows from a network: derivatives by rules, normal forms, proofs by two judges."""
