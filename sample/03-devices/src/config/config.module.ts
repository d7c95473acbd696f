import { fileURLToPath } from 'node:url';
import { Module } from '@nestjs/common';
import { AppConfig } from '../login-sample.js';

const DATA_DIR = fileURLToPath(new URL('../../data', import.meta.url));

/** The settings of sample 1, with a data directory of our own. */
@Module({
  providers: [
    {
      provide: AppConfig,
      useFactory: () => AppConfig.load({ ...process.env, DATA_DIR: process.env['DATA_DIR'] || DATA_DIR }),
    },
  ],
  exports: [AppConfig],
})
export class ConfigModule {}
