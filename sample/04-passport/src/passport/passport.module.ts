import { Module } from '@nestjs/common';
import { CredentialsPipe, UsersModule } from '../login-sample.js';
import { LocalStrategy } from './local.strategy.js';
import { UserSerializer } from './user.serializer.js';

/** Passport with its one strategy. */
@Module({ imports: [UsersModule], providers: [CredentialsPipe, LocalStrategy, UserSerializer] })
export class PassportModule {}
