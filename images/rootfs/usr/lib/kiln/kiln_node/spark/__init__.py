"""What Spark, Hadoop and Hive read on this node, and which settings are refused."""
