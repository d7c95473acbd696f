import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module.js';
import { AdminController } from './admin.controller.js';
import { FrontController } from './front.controller.js';
import { LoginController } from './login.controller.js';

@Module({ imports: [UsersModule], controllers: [FrontController, LoginController, AdminController] })
export class AccountModule {}
