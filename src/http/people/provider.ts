import * as client from 'openid-client';
import { ACCESS_ROLES, type AccessRole } from '../../access/roles.ts';

export interface ProviderSettings {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Where a person's role stands; with points in it, a path. */
  roleClaim: string;
}

/** What is remembered while somebody is away to sign in there. */
export interface Asking {
  state: string;
  nonce: string;
  verifier: string;
}

export interface Account {
  subject: string;
  name: string;
  /** Undefined when the provider gives none that is known here. */
  role: AccessRole | undefined;
}

const TIMEOUT_SECONDS = 5;
/** Their clock and ours. */
const SKEW_SECONDS = 60;

/** An OpenID provider: authorization code with PKCE, state and nonce, and tokens whose signature is checked. */
export class Provider {
  readonly #settings: ProviderSettings;
  #found: Promise<client.Configuration> | undefined;

  constructor(settings: ProviderSettings) {
    this.#settings = settings;
  }

  /** Where to send somebody. `backTo` is where the provider sends them back to. */
  async leave(backTo: URL): Promise<{ to: URL; asking: Asking }> {
    const asking = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
    const to = client.buildAuthorizationUrl(await this.#find(), {
      redirect_uri: backTo.href,
      scope: 'openid profile email',
      state: asking.state,
      nonce: asking.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(asking.verifier),
      code_challenge_method: 'S256',
    });
    return { to, asking };
  }

  /** Who came back, by the address they came to. Rejects when it is nobody. */
  async comeBack(at: URL, { state, nonce, verifier }: Asking): Promise<Account> {
    const config = await this.#find();
    const tokens = await client.authorizationCodeGrant(config, at, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    const inToken = tokens.claims();
    if (!inToken) throw new Error('the provider sent no ID token');
    const subject = inToken.sub;
    // Providers differ in which of the two they put a claim into.
    const more = config.serverMetadata().userinfo_endpoint
      ? await client.fetchUserInfo(config, tokens.access_token, subject)
      : {};
    const claims: Record<string, unknown> = { ...more, ...inToken };
    const named = [claims.preferred_username, claims.email, claims.name].find(
      (name) => typeof name === 'string',
    );
    return {
      subject,
      name: String(named ?? subject).slice(0, 128),
      role: roleIn(claims, this.#settings.roleClaim),
    };
  }

  /** Asked again when it could not be found. */
  #find(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = this.#settings;
    this.#found ??= client
      .discovery(
        new URL(issuer),
        clientId,
        { [client.clockTolerance]: SKEW_SECONDS },
        client.ClientSecretBasic(clientSecret),
        {
          timeout: TIMEOUT_SECONDS,
          execute: [
            client.enableNonRepudiationChecks,
            // The configuration takes such an issuer on this machine only.
            ...(issuer.startsWith('http:') ? [client.allowInsecureRequests] : []),
          ],
        },
      )
      .catch((error: unknown) => {
        this.#found = undefined;
        throw error;
      });
    return this.#found;
  }
}

/** The highest role in a claim, which is a word or a list of them: `admin`, or `order-pipeline:admin`. */
export function roleIn(claims: Record<string, unknown>, claim: string): AccessRole | undefined {
  const value = Object.hasOwn(claims, claim)
    ? claims[claim]
    : claim.split('.').reduce<unknown>(member, claims);
  const words = [value].flat();
  return ACCESS_ROLES.findLast((role) => words.includes(role) || words.includes(`order-pipeline:${role}`));
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
