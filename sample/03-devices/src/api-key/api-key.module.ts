import { Module } from '@nestjs/common';
import { ApiKeyController } from './api-key.controller.js';
import { ApiKeys } from './api-keys.service.js';

@Module({ controllers: [ApiKeyController], providers: [ApiKeys] })
export class ApiKeyModule {}
