import { Module } from '@nestjs/common';
import { AppConfig } from './app-config.js';

@Module({
  providers: [{ provide: AppConfig, useFactory: () => AppConfig.load(process.env) }],
  exports: [AppConfig],
})
export class ConfigModule {}
