"""How a person is reached: what each channel needs, who carries it, and what carriers tell us afterwards."""
