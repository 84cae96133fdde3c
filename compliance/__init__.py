"""What is permitted, and the proof of it: rule packs, the engine, the gate, decisions and the audit trail."""
