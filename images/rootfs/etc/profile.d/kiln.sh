# shellcheck shell=sh
# Spark's and Hadoop's commands for people; `kiln-submit` and `hadoop` set all of it by themselves.
export SPARK_HOME=/opt/spark
export SPARK_CONF_DIR=/run/kiln/empty
export HADOOP_CONF_DIR=/run/kiln/hadoop
export PYSPARK_PYTHON=/opt/conda-env/bin/python
export PATH="$PATH:/opt/spark/bin:/opt/conda-env/bin"
