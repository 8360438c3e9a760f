import { FakeObjectStore } from '../../../factory/ports/object-store-fake';
import { objectStoreContract } from './object-store-contract';

const bucket = new FakeObjectStore();
objectStoreContract('the fake in memory', () => bucket);
