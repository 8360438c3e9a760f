"""Delays of the flights that left New York in 2013: a batch ETL on Spark."""

__version__ = "1.0.0"
