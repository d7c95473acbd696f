import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { MongoClient } from 'mongodb';
import { fromAddress } from './from-address.js';

/** Says that there is no server before the session module would, and so says why. */
const SERVER_SELECTION_MS = 3_000;

/** It connects with its first operation. */
function makeClient(url: string): MongoClient {
  return new MongoClient(url, { serverSelectionTimeoutMS: SERVER_SELECTION_MS });
}

/** The MongoDB client of the application, which sessions share with whatever else needs one. */
@Module({
  providers: [
    {
      provide: MongoClient,
      useFactory: () => fromAddress('MONGODB_URL', 'mongodb://localhost:27017', makeClient),
    },
  ],
  exports: [MongoClient],
})
export class MongoModule implements OnApplicationShutdown {
  constructor(private readonly client: MongoClient) {}

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }
}
