"""Advantage actor-critic and REINFORCE: K.function with the updates of an optimiser for a loss of one's own."""

# tolerance: rtol=2e-5 atol=1e-6 (each step starts where the last one ended)
import numpy as np
from keras import backend as K
from keras.layers import Activation, Dense, Input
from keras.models import Model, Sequential
from keras.optimizers import SGD, RMSprop
from keras.utils.np_utils import to_categorical


class A2C(object):
    """One layer for each, so that no step of training reads a weight that the same step assigns."""

    def __init__(self, states, actions):
        x = Input(batch_shape=(None, states))
        policy = Dense(actions, activation="softmax", name="policy")(x)
        value = Dense(1, activation="linear", name="value")(x)
        self.actor, self.critic = Model(inputs=x, outputs=policy), Model(inputs=x, outputs=value)
        self.actor._make_predict_function()
        self.critic._make_predict_function()
        for model in (self.actor, self.critic):
            model.set_weights([np.cos(np.arange(w.size)).reshape(w.shape) for w in model.get_weights()])
        self.action = K.placeholder(shape=(None, actions))
        self.advantages = K.placeholder(shape=(None,))
        self.discounted_reward = K.placeholder(shape=(None,))
        self.optimize_actor = self.actor_optimizer()
        self.optimize_critic = self.critic_optimizer()

    def actor_optimizer(self):
        policy = self.actor.output
        good = K.log(K.sum(self.action * policy, axis=1) + 1e-10) * K.stop_gradient(self.advantages)
        entropy = K.sum(policy * K.log(policy + 1e-10), axis=1)
        loss = 0.001 * K.sum(entropy) - K.sum(good)
        optimizer = RMSprop(lr=0.05, rho=0.9, epsilon=0.1)
        updates = optimizer.get_updates(params=self.actor.trainable_weights, loss=loss)
        return K.function([self.actor.input, self.action, self.advantages], [loss], updates=updates)

    def critic_optimizer(self):
        loss = K.mean(K.square(self.discounted_reward - self.critic.output[:, 0]))
        optimizer = RMSprop(lr=0.05, epsilon=0.1, rho=0.9)
        updates = optimizer.get_updates(self.critic.trainable_weights, [], loss)
        return K.function([self.critic.input, self.discounted_reward], [], updates=updates)


def discount(rewards, gamma=0.9):
    total, found = 0.0, np.zeros_like(rewards)
    for t in reversed(range(len(rewards))):
        total = rewards[t] + gamma * total
        found[t] = total
    return found


agent = A2C(3, 2)
states = np.sin(np.arange(12.0)).reshape(4, 3)
actions = to_categorical([0, 1, 1, 0], 2)
returns = discount(np.array([1.0, 0.0, -1.0, 2.0]))
print(returns, agent.actor.predict(states)[:, 0])
for _ in range(4):
    advantages = returns - np.reshape(agent.critic.predict(states), len(returns))
    loss = agent.optimize_actor([states, actions, advantages])
    print(["%.5f" % each for each in loss], agent.optimize_critic([states, returns]), advantages)
print(agent.actor.predict(states))
print(agent.actor.get_weights()[1], agent.critic.get_weights()[0].ravel())

policy = Sequential([Dense(2, input_dim=3, kernel_initializer="zeros"), Activation("softmax")])
onehot, reward = K.placeholder(shape=(None, 2), name="onehot"), K.placeholder(shape=(None,), name="reward")
chosen = K.sum(policy.output * onehot, axis=1)
loss = K.mean(-K.log(chosen) * reward)
updates = SGD(lr=0.5).get_updates(params=policy.trainable_weights, loss=loss)
train = K.function(inputs=[policy.input, onehot, reward], outputs=[], updates=updates)
train([states, actions, (returns - returns.mean()) / returns.std()])
print(policy.get_weights())
