"""Ground under every app: money, time, references, actors, sealed text, htmx. No models, no words of the trade."""
