import { hash, timingSafeEqual } from 'node:crypto';

/** `ADMIN_USER` and `ADMIN_PASSWORD`. */
export interface AdminLogin {
  user: string;
  password: string;
}

/** Whether a text is `user:password` of the admin. Nobody is, without one configured. */
export function adminCheck(admin: AdminLogin | undefined): (text: string) => boolean {
  if (!admin) return () => false;
  return secretCheck(`${admin.user}:${admin.password}`);
}

/** Digests have one length: the comparison takes the same time however wrong the guess is. */
export function secretCheck(secret: string): (text: string) => boolean {
  const expected = digest(secret);
  return (text) => timingSafeEqual(digest(text), expected);
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer');
