"""The formulas of Keras 2.2.4 where today's differ."""
