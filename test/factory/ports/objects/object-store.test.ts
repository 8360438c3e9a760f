import { FakeObjectStore } from '../../../../factory/ports/objects/object-store-fake';
import { objectStoreContract } from './object-store-contract';

const bucket = new FakeObjectStore();
objectStoreContract('the fake in memory', () => bucket);
