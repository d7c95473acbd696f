import type { CommandStartedEvent, Document, MongoClient } from 'mongodb';

/** Of each command its name, with what it asked for. */
export interface SentCommand {
  readonly name: string;
  readonly command: Document;
}

/** Every command that a client (made with `monitorCommands: true`) sends for sessions, in order. */
export function recordCommands(client: MongoClient): SentCommand[] {
  const sent: SentCommand[] = [];
  client.on('commandStarted', ({ commandName, command }: CommandStartedEvent) => {
    if (commandName !== 'endSessions') {
      sent.push({ name: commandName, command });
    }
  });
  return sent;
}
