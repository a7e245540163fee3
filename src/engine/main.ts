// Entry of the engine process, and of the threads it starts from the same bundle.
import { isMainThread } from 'node:worker_threads';

if (isMainThread) void import('./server').then(({ serve }) => serve(__filename));
else void import('./threads').then(({ answerInThread }) => answerInThread());
