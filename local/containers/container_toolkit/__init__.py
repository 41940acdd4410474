"""What SageMaker's framework containers do around user code: training toolkit and model server."""
