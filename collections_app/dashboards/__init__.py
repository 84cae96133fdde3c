"""Screens of supervisors and managers: figures, and the lists behind them. Reads every app, owns no table."""
