"""The way back: who still answers, and how soon the service was good again."""
