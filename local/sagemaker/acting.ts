import { randomId } from "./arns";
import { omit } from "./objects";
import { closeClients, roleClients } from "./clients";
import { demandsOf } from "../iam/demands";
import { lending } from "../iam/sagemaker-demands";
import { pulling } from "../iam/pulling";
import type { SageMakerContext } from "./state";

/** SageMaker as it acts for one job or model: in the name of its role. */
export interface Acting {
  context: SageMakerContext;
  /**
   * What is asked of the role before instances run: the image, and the key of their disks.
   *
   * @throws AwsError where the role may not
   */
  prepare(image: string, job?: object): Promise<void>;
  /** @throws AwsError where the role may not ask SageMaker for something */
  request(operation: string, input: object): Promise<void>;
  /** The containers have ended: their credentials are gone. */
  end(): void;
}

/**
 * The context for what is done in a role's name: clients with its credentials, and containers that find them as they do
 * on AWS. Where permissions are not enforced, that is the context as it is.
 *
 * @param session of the role: the name of the job, or of the model's endpoint
 */
export function actingAs(context: SageMakerContext, roleArn: string | undefined, session: string): Acting {
  const { server } = context;
  const { access, roles } = server;
  if (!access.enforced || roleArn === undefined) {
    const nothing = (): Promise<void> => Promise.resolve();
    return { context, prepare: nothing, request: nothing, end: () => undefined };
  }
  const id = `${session}-${randomId(8)}`;
  const own = roles.issue(id, roleArn, session);
  const clients = roleClients(context.server, () => roles.credentials(roleArn, session));
  // Keys in the environment would come before what the address gives.
  const childEnvironment = () => ({
    ...omit(server.childEnvironment(), "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ...own,
  });
  return {
    context: { ...context, clients: { ...context.clients, ...clients }, server: { ...server, childEnvironment } },
    prepare: (image, job = {}) =>
      access.require({ roleArn, session }, () => [...pulling(image), ...lending("", { ...job })]),
    request: (operation, input) =>
      access.require({ roleArn, session }, () => demandsOf("sagemaker", operation, { ...input }, server.settings)),
    end: () => {
      roles.revoke(id);
      closeClients(clients);
    },
  };
}
