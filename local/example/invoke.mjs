// Asks the example's endpoint with the AWS SDK for JavaScript.
import { InvokeEndpointCommand, SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";

const client = new SageMakerRuntimeClient();
const answer = await client.send(
  new InvokeEndpointCommand({ EndpointName: "example", ContentType: "text/csv", Body: "1,1\n-1,-1" }),
);
console.log(`answers ${JSON.stringify(answer.Body.transformToString())}`);
