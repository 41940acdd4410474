"""The columns of a transaction, in the order that every job, model and request uses."""

#: Inputs of the model: seconds since the first transaction, 28 principal components, amount.
FEATURES = ["Time", *[f"V{number}" for number in range(1, 29)], "Amount"]
#: 1 for fraud, 0 for legitimate.
LABEL = "Class"
#: Columns of the published file.
COLUMNS = [*FEATURES, LABEL]
#: Columns of the files between the jobs: label first, no header, as SageMaker's algorithms take them.
SPLIT_COLUMNS = [LABEL, *FEATURES]
AMOUNT_INDEX = FEATURES.index("Amount")
