import { Module } from '@nestjs/common';
import { UsersModule } from '../login-sample.js';
import { ConfirmController } from './confirm.controller.js';
import { LoginController } from './login.controller.js';

@Module({ imports: [UsersModule], controllers: [LoginController, ConfirmController] })
export class AccountModule {}
